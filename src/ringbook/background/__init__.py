"""What happens without a request. None of it is needed for a right answer."""
