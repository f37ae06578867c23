"""Operations as values, and who runs them."""
