"""Reading: from the pixels of a screen, of any program, to what is on it.

pages.py, styles.py, words.py   pages made up from a number
label.py, shards.py             drawn in a Chromium, labelled by their own DOM, kept on disk
model.py, targets.py, lines.py  two small networks: where text and widgets are; what a line says
batches.py, train.py            training, resumable
find.py, spell.py, assemble.py  from the networks' maps to boxes, words and the schema's elements
read.py                         Reader: a picture to a Reading, and again only what has changed
checkpoint.py, score.py         readers on disk; how well they read
"""
