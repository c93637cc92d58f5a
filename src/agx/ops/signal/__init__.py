"""Operations on sequences: convolution, polynomials and Fourier transforms."""
