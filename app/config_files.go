package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
)

// fileSuffix follows the name of a variable whose value is in a file: a secret
// that a container gets as a file is in no environment, which others may read.
const fileSuffix = "_FILE"

// secretBytes is how large such a file may be.
const secretBytes = 64 << 10

// secretVariables are those whose values may be in files: secrets, and the
// address of the database, which has a password.
func secretVariables() (names []string) {
	for field := range reflect.TypeFor[Config]().Fields() {
		if field.Type == reflect.TypeFor[Secret]() || field.Type == reflect.TypeFor[DatabaseURL]() {
			names = append(names, field.Tag.Get("env"))
		}
	}
	return names
}

// readSecretFiles puts in place of each variable that names the file of one of
// the secrets the secret itself.
func readSecretFiles(vars map[string]string, secrets []string) error {
	for _, name := range secrets {
		path := vars[name+fileSuffix]
		if path == "" {
			continue
		}
		if vars[name] != "" {
			return fmt.Errorf("%[1]s and %[1]s%[2]s are both set; remove one of them", name, fileSuffix)
		}
		value, err := readSecretFile(path)
		if err != nil {
			return fmt.Errorf("%s%s is %s, %w", name, fileSuffix, path, err)
		}
		vars[name] = value
	}
	return nil
}

// readSecretFile returns what is in a file, without the white space around it. Its
// error goes on with a sentence that names the file.
func readSecretFile(path string) (string, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", errors.New("which does not exist; write the secret into that file, or remove the variable")
	}
	if err != nil {
		return "", fmt.Errorf("which cannot be opened (%w); let the user that runs the program read it", errors.Unwrap(err))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, secretBytes+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("which cannot be read (%w); it is to be a file that holds the secret alone", errors.Unwrap(err))
	case len(text) > secretBytes:
		return "", fmt.Errorf("which is larger than %d bytes; it is to hold the secret alone", secretBytes)
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", errors.New("which is empty; write the secret into that file, or remove the variable")
	}
	return value, nil
}
