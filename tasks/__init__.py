"""What workers do, in verbs, and the console command that starts them."""
