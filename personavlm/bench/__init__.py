"""The measuring bench: systems asked the same cases, every number with its interval, its blind baseline and its trace.

Person(cases, source) ──System.prepare──> Ready.ask(case) ──> Trace ──score──> Answered ──over persons──> Scores
  personamme, own columns   replay, index   frozen state       kept, all    kept, all     bootstrap, paired tests

values       what a case, a person and an answer are            cases       a Persona-MME as persons with cases
systems      the rows: whoever answers, named by ``modes``      validation  scorers on gold and distractors, first
runs         one folder per run, stopped and gone on with       scores      figures with 95 % intervals
compare      two runs, paired: difference, p, flips             report      tables and figures of runs
shelf        runs, or the answers kept of them, side by side
blind        what those get who know nothing of the person      released    anybody's answers, scored again
columns      PrefEval, PERSONAMEM, LoCoMo, P-SOUPS, open-ended questions as cases, each by its name
"""
