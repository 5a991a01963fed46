"""What every HTTP front end needs: the contract of a dialect, and everything that holds for all of them."""
