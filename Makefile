# `make help` lists what there is. Everything runs in .venv, which the first command makes.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/ready$(if $(GPU),-gpu)
READY_TO_TEST := $(READY)-to-test
# GPU=1 takes the same TensorFlow with NVIDIA's CUDA libraries.
EXTRA := $(if $(GPU),"tensorflow[and-cuda]")
A ?=
ARGS ?=
# The folder of the course: course/ where nothing is said.
COURSE ?=
# A shell leaves a ~ behind a = as it is.
PLACE := $(patsubst ~/%,$(HOME)/%,$(or $(COURSE),course))
IN := $(if $(COURSE),--out "$(PLACE)")

.DEFAULT_GOAL := help
.PHONY: help grade sample new-question test soak assignments solutions release course collect attempts written override reweigh requests give-back explain similar matrix unnamed adopt kernelspec bench doctor clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo 'ARGS goes to the command: make grade ARGS="--jobs 4"; make grade ARGS=--help lists what it takes.'
	@echo 'A names assignments, for grade, test, soak, solutions, course, release and matrix: make grade A="a01_densities a02_elbo".'
	@echo 'COURSE names the folder of a course, for what works on one: make grade COURSE=../autumn (course/).'
	@echo 'GPU=1 sets .venv up with the CUDA libraries; PYTHON=python3.12 sets it up with that Python.'

INSTALL := $(RUN) -m pip install -q --disable-pip-version-check

$(READY): requirements.txt constraints.txt pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "Python 3.11 to 3.13 is needed, this is %d.%d: try make PYTHON=python3.12" % v)'
	@echo "Making $(VENV): this takes some minutes and 2 GB, once."
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -c constraints.txt -r requirements.txt $(EXTRA)
	$(INSTALL) --no-deps -e .
	@touch $@

$(READY_TO_TEST): $(READY) requirements-test.txt
	$(INSTALL) -c constraints.txt -r requirements-test.txt
	@touch $@

grade: $(READY)  ## grade course/submitted/, or a sample class where there is nothing yet
	@if [ -n "$(COURSE)" ] || ls -d course/submitted/*/ >/dev/null 2>&1; then $(RUN) -m autograder grade $(A) $(ARGS) $(IN); else $(RUN) -m autograder sample $(ARGS); fi

sample: $(READY)  ## make a sample class in course-sample/ and grade it
	$(RUN) -m autograder sample $(ARGS)

# Python may keep what it compiles: else each of a hundred processes compiles the kit again.
test soak: export PYTHONDONTWRITEBYTECODE =

test: $(READY_TO_TEST)  ## check style and types, run the tests, see that assignments/ is up to date (A=a06_flows for one)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(RUN) -m pytest -q -m "not soak" -n auto --dist loadscope $(A:%=--assignment=%) $(ARGS) || [ $$? -eq 5 ]

soak: $(READY_TO_TEST)  ## run the slow tests, those that have not passed yet (ARGS=--cache-clear for all)
	$(RUN) -m pytest -q -m soak --go-on $(A:%=--assignment=%) $(ARGS)

new-question: $(READY)  ## write a question that works, for you to replace (ARGS="a01_densities my_question")
	$(RUN) -m autograder new-question $(ARGS)

assignments: $(READY)  ## build assignments/ from solutions/
	$(RUN) -m autograder assignments $(ARGS)

solutions: $(READY)  ## run the solutions to HTML with their figures (A=a01_densities for one)
	$(RUN) -m autograder solutions $(A) $(ARGS)

release: $(READY)  ## write the zip for students (A=a01_densities for one)
	$(RUN) -m autograder release $(A) $(ARGS)

course: $(READY)  ## make course/ a course of nbgrader's: settings, source and release (A=a01_densities for one)
	$(RUN) -m autograder course init "$(PLACE)" $(if $(A),--assignments $(A)) $(ARGS)

collect: $(READY)  ## put what students handed in into course/submitted/ (ARGS=submissions.zip)
	$(RUN) -m autograder collect $(ARGS) $(IN)

attempts: $(READY)  ## let the best of each student's attempts count, not the last (A=a01_densities)
	$(RUN) -m autograder attempts $(A) $(ARGS) $(IN)

written: $(READY)  ## pages for grading answers in words (A=a01_densities); ARGS="--take FILE" brings them back
	$(RUN) -m autograder written $(A) $(ARGS) $(IN)

override: $(READY)  ## give a student other points for a question (ARGS='STUDENT QUESTION POINTS --why "..."')
	$(RUN) -m autograder override $(ARGS) $(IN)

reweigh: $(READY)  ## drop a question, or let it count more or less (ARGS='QUESTION 0 --why "..."')
	$(RUN) -m autograder reweigh $(ARGS) $(IN)

requests: $(READY)  ## write down what students ask about grades, and answers; list what waits
	$(RUN) -m autograder requests $(ARGS) $(IN)

give-back: $(READY)  ## pack feedback: a folder for each student, and a zip for Moodle (A=a01_densities)
	$(RUN) -m autograder give-back $(A) $(ARGS) $(IN)

explain: $(READY)  ## show inputs, answer and right values of a question (ARGS="STUDENT QUESTION")
	$(RUN) -m autograder explain $(ARGS) $(IN)

similar: $(READY)  ## list pairs of students whose answers look alike (A=a01_densities)
	$(RUN) -m autograder similar $(A) $(ARGS) $(IN)

matrix: $(READY)  ## show which cases refuse which known mistakes (A=a01_densities for one)
	$(RUN) -m autograder matrix $(A) $(ARGS)

unnamed: $(READY)  ## show wrong answers that nothing explains, like ones together (A=a01_densities for one)
	$(RUN) -m autograder unnamed $(A) $(ARGS) $(IN)

adopt: $(READY)  ## make a known mistake of such an answer (ARGS="a01_densities QUESTION STUDENT NAME")
	$(RUN) -m autograder adopt $(ARGS) $(IN)

kernelspec: $(READY)  ## install the confined kernel for nbclient, nbgrader and Jupyter
	$(RUN) -m autograder kernelspec $(ARGS)

bench: $(READY)  ## measure how fast this machine grades, beside stock nbgrader
	$(RUN) -m autograder bench $(ARGS)

doctor: $(READY)  ## say what this machine has: versions, device, confinement
	$(RUN) -m autograder doctor $(ARGS)

clean:  ## remove .venv, caches and what can be made again; never course/
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis course-sample
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
