package tensor

// Transpose turns a matrix [rows, columns] around.
func Transpose(t Tensor) Tensor {
	rows, columns := t.Shape[0], t.Shape[1]
	out := New(columns, rows)
	for i := range rows {
		for j := range columns {
			out.Data[j*rows+i] = t.Data[i*columns+j]
		}
	}
	return out
}
