"""Studies: a grid of problem × solver × settings × seed as data, resumable, with one report.

plan.py     the study file → cells         check.py    refuses at the door what no family knows
cell.py     one run in a folder of its own runner.py   cells in parallel processes; cluster.py: on Dask
results.py  folders → numbers              compare.py  paired differences by seed
tables.py, figures.py, document.py, report.py   the report, rebuilt from the folders at any time
"""
