"""The benchmarks: what a counted view costs, beside what the framework alone costs.

`python -m bench --help` tells what there is; `README.md` tells what was measured.
"""
