"""What is to be done: tasks, how long people take, and experts that do them."""
