"""`warrior doctor`: a few calls to every endpoint of a recipe, before a run spends thousands on them."""
