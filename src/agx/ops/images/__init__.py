"""Operations on images: patches, convolution and pooling."""
