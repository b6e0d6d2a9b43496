"""The whole training on one data-centre GPU, in legs of a few minutes that start from the files of the last."""
