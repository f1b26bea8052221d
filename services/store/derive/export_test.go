package derive

// Rules names this program's rules of derivation.
func Rules() string { return rules() }
