# The same verbs as tasks.py, which does the work: `make test` is `python tasks.py test`.
# Arguments: make test ARGS="-k memory". Another Python: make lab PYTHON=python3.12
PYTHON ?= $(if $(filter Windows_NT,$(OS)),python,python3)
VERBS := demo lab reset bundle test check bench clean

.PHONY: help $(VERBS)
help:
	@$(PYTHON) tasks.py help
$(VERBS):
	@$(PYTHON) tasks.py $@ $(ARGS)
