#!/usr/bin/env bash
# The main job of refgenie on a real genome, phage lambda, in a temporary home that is removed at
# the end. Each command is printed before it runs. `make demo` calls this.
set -euo pipefail
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
while read -r name; do unset "$name"; done < <(compgen -v | grep -E '^(REFGENIE|POSTGRES|DATA_CHANNELS)_' || true)
export REFGENIE_HOME_PATH=$home/refgenie
cp "$examples/lambda_virus.fa" "$examples/reads.fq" "$home"
cd "$home"

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
    printf '\n$ %s\n' "$1"
    eval "$1"
}
have() { command -v "$1" >/dev/null; }

region='gi|9626243|ref|NC_001416.1|'

say "A home for refgenie, with its registry and the bundled recipes"
run "refgenie init"

say "A genome: its sequences go into the store, its name is an alias of their digest"
run "refgenie genome init --fasta lambda_virus.fa --name lambda --description 'Enterobacteria phage lambda' --species 'Lambdavirus lambda'"
run "refgenie genome list"

say "Assets, each made by a recipe"
assets=(lambda/fasta)
if have bwa; then assets+=(lambda/bwa_index); else say "bwa is not installed: its index is left out"; fi
if have bowtie2-build; then
    assets+=(lambda/bowtie2_index)
else
    say "bowtie2 is not installed: its index and the alignment are left out"
fi
run "refgenie build ${assets[*]}"
run "refgenie list --size"

if have bowtie2-build; then
    say "Use: a path by name, in any command"
    run 'bowtie2 -x $(refgenie seek lambda/bowtie2_index) -U reads.fq -S out.sam'
fi

say "Sequence: 0-based, half-open"
run "refgenie getseq lambda '$region:0-60'"
if have samtools; then
    say "the same from samtools, which counts from 1"
    run "samtools faidx \$(refgenie seek lambda/fasta) '$region:1-60'"
fi

say "Everything is still as it was built"
run "refgenie verify"
