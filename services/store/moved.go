package store

// MovedTo is the public id of the issue to which one that issues had before leads,
// however often it moved; "" where it leads nowhere.
func (tx *Tx) MovedTo(id string) string {
	for range 32 { // ids that moved in a circle lead nowhere
		id = One[string](tx, `SELECT new_id FROM redirects WHERE old_id = $1`, id)
		if id == "" || tx.Has(`SELECT 1 FROM issues WHERE public_id = $1`, id) {
			return id
		}
	}
	return ""
}
