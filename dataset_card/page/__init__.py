"""The arena as one HTML page: figures, leaderboard and a battle browser that open from disk and ask nobody.

`battles` and `texts` take from the tables what the browser shows, `facts` what stands above it, and `writing` makes
the file. The page's own scripts and styles lie here beside them; each script is one job in `main.js`'s order.
"""
