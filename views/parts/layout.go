package parts

func stripTone(t Tone) string {
	if t == Attention || t == Danger {
		return string(t)
	}
	return "plain"
}

func stripIcon(t Tone) Tone {
	if t == Attention || t == Danger {
		return t
	}
	return Muted
}
