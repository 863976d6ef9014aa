module github.com/euryale-ml/euryale/internal/gen/asm

go 1.26.0
