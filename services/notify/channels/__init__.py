"""How notices leave: `words` and `letters` put them into a language, `email` sends them. One file per channel.

Mail is written by `mime` and travels over `connections`.
"""
