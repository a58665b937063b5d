#!/bin/sh
# Sets up everything that `make demo` and `make test` need: .venv, Python packages, a Chromium and,
# on Debian and Ubuntu, the X tools. Runs again only when pyproject.toml or constraints.txt changed.
set -eu
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
stamp=.venv/.ready-$(cat pyproject.toml constraints.txt tests/setup.sh | cksum | cut -d' ' -f1)
[ -e "$stamp" ] && exit 0

say() { printf '== %s\n' "$*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        echo "not root and no sudo: please install by hand: $*" >&2
        return 1
    fi
}

# Debian packages, by the command each of them brings
missing=
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
if [ "$(uname -s)" = Linux ]; then
    need Xvfb xvfb
    need openbox openbox
    need xdotool xdotool
    need xrandr x11-xserver-utils
    need xclip xclip
    need setxkbmap x11-xkb-utils
    need mousepad mousepad
    need galculator galculator
    need pcmanfm pcmanfm
    need gnumeric gnumeric
    need zenity zenity
    need dbus-daemon dbus
    need ffmpeg ffmpeg
    need chromedriver chromium-driver      # Selenium's, for the benchmark's peer
    need cc "gcc libc6-dev"                # evdev, which pynput needs, is compiled here
    [ -e /usr/libexec/at-spi-bus-launcher ] || missing="$missing at-spi2-core"
    fc-list 2>/dev/null | grep -qi dejavu || missing="$missing fonts-dejavu-core fontconfig"
    fc-list 2>/dev/null | grep -qi liberation || missing="$missing fonts-liberation"
    ls /usr/lib/*/gtk-2.0/modules/libgail.so >/dev/null 2>&1 || missing="$missing libgail-common"
    ls /usr/lib/*/gtk-2.0/modules/libatk-bridge.so >/dev/null 2>&1 ||
        missing="$missing libatk-adaptor"
    "$python" -c 'import tkinter' 2>/dev/null || missing="$missing python3-tk"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    "$python" -c 'import sysconfig, pathlib, sys
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' ||
        missing="$missing python3-dev"
fi
if [ -n "$missing" ] && command -v apt-get >/dev/null; then
    say "Debian packages:$missing"
    as_root apt-get update -qq
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        $missing >/dev/null
elif [ -n "$missing" ]; then
    say "please install by hand:$missing"
fi

say "Python packages into .venv"
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable '.[all,dev]'

find_chromium='from recorder.browser.chromium import find_chromium
find_chromium(headless=True), find_chromium(headless=False)'
if ! .venv/bin/python -c "$find_chromium" >/dev/null 2>&1; then
    say "a Chromium"
    .venv/bin/playwright install chromium >/dev/null 2>&1 ||
        { as_root apt-get update -qq &&
          as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
              --no-install-recommends chromium >/dev/null; }
fi

.venv/bin/python -c "$find_chromium"
rm -f .venv/.ready-*
touch "$stamp"
