"""Genomes whose sequences lie elsewhere: static RefgetStores and seqcol APIs."""
