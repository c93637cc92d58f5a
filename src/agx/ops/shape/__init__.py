"""Operations that move elements about, choose among them and join them; they compute nothing."""
