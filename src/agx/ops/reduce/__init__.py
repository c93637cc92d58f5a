"""Operations along axes: sums, extremes, order, and running ones."""
