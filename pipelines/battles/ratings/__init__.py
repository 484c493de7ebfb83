"""Ratings of the experts: Elo, Bradley-Terry, bias terms and intervals. Plain functions on arrays of games."""
