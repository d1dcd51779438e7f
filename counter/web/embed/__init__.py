"""What sites embed: the script and its modules, the widget page, the badge. Knows no HTTP."""
