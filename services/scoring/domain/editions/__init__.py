"""Editions: what is sealed of an evaluation, how two people agree on it, how it is proved later. Pure.

`texts` lays an evaluation out as lines of text, `files` cuts the lines into parts with hashes, `content` gathers what
is sealed and its digest, `proposal` and `edition` are the records, `changes` says why a proposal is void, `diff` what
a correction changed, `revision` how far the provisional results were off, `verify` what was proved.
"""
