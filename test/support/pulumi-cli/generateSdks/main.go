// Writes the SDKs that Pulumi generates from a package's schema: generateSdks SCHEMA.json FOLDER
//
// A warning about the schema is a failure: a user of that language would meet what it warns about.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "pulumi-electronhub tests"

// The schema refers to no other package, so none is ever loaded.
type noPackages struct{ schema.ReferenceLoader }

type files = map[string][]byte

// A generator changes the package that it is given, so each gets one of its own.
var generators = map[string]func(*schema.Package) (files, error){
	"go": func(pkg *schema.Package) (files, error) {
		return golang.GeneratePackage(tool, pkg, nil)
	},
	"nodejs": func(pkg *schema.Package) (files, error) {
		return nodejs.GeneratePackage(tool, pkg, nil, nil, false, noPackages{})
	},
	"python": func(pkg *schema.Package) (files, error) {
		return python.GeneratePackage(tool, pkg, nil, noPackages{})
	},
}

func main() {
	if len(os.Args) != 3 {
		fail(errors.New("usage: generateSdks SCHEMA.json FOLDER"))
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	for _, language := range slices.Sorted(maps.Keys(generators)) {
		pkg, err := bind(text)
		if err != nil {
			fail(err)
		}
		generated, err := generators[language](pkg)
		if err != nil {
			fail(fmt.Errorf("%s: %w", language, err))
		}
		if err := write(filepath.Join(os.Args[2], language), generated); err != nil {
			fail(err)
		}
	}
}

func bind(text []byte) (*schema.Package, error) {
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	pkg, diagnostics, err := schema.BindSpec(spec, noPackages{}, schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if len(diagnostics) > 0 {
		return nil, errors.New(diagnostics.Error())
	}
	return pkg, nil
}

func write(folder string, generated files) error {
	for name, content := range generated {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
