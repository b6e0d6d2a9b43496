"""Programs and evidence of experiments. The package never imports from here."""
