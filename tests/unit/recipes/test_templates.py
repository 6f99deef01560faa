"""Templates: variables, quoting and braces that are no Jinja. Commands are run by a real bash."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refgenie.errors import InvalidInputError
from refgenie.recipes.templates import (
    BuildValues,
    InputAsset,
    check_template,
    programs_of,
    render_command,
    render_test_command,
    render_text,
)

DIGEST = "-AbcdefghijklmnopqrstuvwxyzABCDE"


def values(**changes):
    given = {
        "genome_digest": DIGEST,
        "asset_group_name": "bwa_index",
        "asset_name": "default",
        "genome_alias": "lambda",
        "output_folder": Path("/data/out put"),
        "genome_folder": Path("/data/genomes"),
        "refget_store_path": Path("/data/genomes/.refget_store"),
    }
    return BuildValues(**(given | changes))


def run(command: str) -> str:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-e", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FASTA = InputAsset(
    name="default",
    digest="a" * 64,
    path=Path("/data/genomes/data/d/fasta/a"),
    seek_path=Path("/data/genomes/data/d/fasta/a/d.fa"),
    seek_keys_dict={"fasta": "data/d/fasta/a/d.fa", "fai": "data/d/fasta/a/d.fa.fai"},
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{values.genome_digest}}", DIGEST),
        ("{{genome_digest}} {{ asset_group_name }} {{asset_name}}", f"{DIGEST} bwa_index default"),
        ("{{genome}} {{values.genome_alias}}", "lambda lambda"),
        ("{{values.output_folder}} {{asset_outfolder}}/x", "'/data/out put' '/data/out put'/x"),
        ("{{values.genome_folder}}", "/data/genomes"),
        ("{{refget_store_path}}", "/data/genomes/.refget_store"),
        ('{{values.params["threads"]}} {{params.threads}}', "4 4"),
        ('{{values.files["gtf"]}}', "'/in/a b.gtf'"),
        ('{{values.assets["fasta"]}}', "/data/genomes/data/d/fasta/a/d.fa"),
        (
            '{{values.genome_folder}}/{{values.assets["fasta"].seek_keys_dict["fai"]}}',
            "/data/genomes/data/d/fasta/a/d.fa.fai",
        ),
        ("{{assets.fasta.path}} {{assets.fasta.name}}", "/data/genomes/data/d/fasta/a default"),
        ('{{assets["fasta"].digest}}', "a" * 64),
        ("{{values.custom_properties.version}}", "2.5.0"),
        ('{{values.custom_seek_keys["version"]}}', "2.5.0"),
        ("{% if params.threads|int > 2 %}many{% else %}few{% endif %}", "many"),
        ("{# a comment #}x", "x"),
        ("{% raw %}{{values.x}}{% endraw %}", "{{values.x}}"),
        ("{% set name %}{{output_folder}}/x{% endset %}{{name}}", "'/data/out put'/x"),
        ("{{params.flag}} {{params.nothing}}.", "true ."),
        ("{{params.copy}}", "a"),
        ("{{ {'a': {'b': genome}}['a']['b'] }}", "lambda"),
    ],
)
def test_variables(template, expected):
    built = values(
        params={"threads": 4, "flag": True, "nothing": None, "copy": "a"},
        files={"gtf": Path("/in/a b.gtf")},
        assets={"fasta": FASTA},
        custom_properties={"version": "2.5.0"},
    )
    assert render_command(template, built) == expected


@pytest.mark.parametrize(
    "text",
    [
        "awk '{print $1}' x",
        "awk '{{print $1}}' x",
        "awk 'BEGIN{while(1){{x++}}}' x",
        "echo ${name%%.*} ${name##*/} ${#array[@]} ${array[@]}",
        "printf '{%s}\\n{%d}\\n' a 1",
        "for f in *.{fa,fai}; do mv ${f}{,.bak}; done",
        "find . -name x -exec rm {} \\;",
        "echo ${#a} '#}' {#",
        "echo '}}' '%}'",
        "awk '{a[$1]=$2}END{for(k in a){print k}}'",
    ],
)
def test_braces_of_shell_and_awk_stay(text):
    check_template(text)
    assert render_command(text, values()) == text


def test_jinja_beside_shell_braces():
    command = render_command("echo ${HOME:-{{genome}}} {{{genome}}}", values())
    assert command == "echo ${HOME:-lambda} {lambda}"
    built = values(params={"column": "2"})
    program = "printf 'a b\\n' | awk '{print ${{params.column}}}' | awk '{{print $1}}'"
    assert run(render_command(program, built)) == "b\n"


@pytest.mark.parametrize(
    "template",
    [
        "{{values.unknown}}",
        "{{unknown}}",
        '{{params["unknown"]}}',
        "{{params.unknown | raw}}",
        "{{values.genome_digest",
        "{{values.genome_digest $ }}",
        "{% if genome %}x",
        "{{ ''.__class__.__mro__ }}",
        "{{ genome.__init__.__globals__ }}",
        "{% include '/etc/passwd' %}",
        "{{ genome + 1 }}",
    ],
)
def test_bad_templates_are_refused(template):
    with pytest.raises(InvalidInputError):
        render_command(template, values())


def test_an_unknown_name_is_named():
    with pytest.raises(InvalidInputError, match="thredas"):
        render_command("bwa -t {{params.thredas}}", values(params={"threads": 1}))


def test_a_parameter_is_split_into_words_and_each_is_quoted():
    built = values(params={"motifs": "CG CA", "evil": "; rm -rf $HOME `id`", "quoted": "'a b' c"})
    assert run(render_command("printf '[%s]' {{params.motifs}}", built)) == "[CG][CA]"
    assert run(render_command("printf '[%s]' {{params.evil}}", built)) == "[;][rm][-rf][$HOME][`id`]"
    assert run(render_command("printf '[%s]' {{params.quoted}}", built)) == "[a b][c]"
    assert run(render_command("printf '[%s]' {{ params.motifs | raw }}", built)) == "[CG][CA]"
    assert run(render_command("x=1 {{ '; echo $((1+1))' | raw }}", built)) == "2\n"


def test_a_parameter_with_an_open_quote_is_refused():
    with pytest.raises(InvalidInputError, match="split into words"):
        render_command("echo {{params.x}}", values(params={"x": "it's"}))


HOSTILE = "a'b\"c$(echo X)`echo Y`\\d;e|f>g #{h} *~"


@pytest.mark.parametrize(
    "template",
    [
        "printf %s {{files.x}}",
        'printf %s "{{files.x}}"',
        "printf %s '{{files.x}}'",
        "printf %s $'{{files.x}}'",
        'printf %s "$(printf %s {{files.x}})"',
        'printf %s "$(printf %s "{{files.x}}")"',
        'printf %s "$(case a in a) printf %s {{files.x}};; esac)"',
        'x={{files.x}}; printf %s "$x"',
        "cat <(printf %s {{files.x}})",
        "true # {{files.x}}\nprintf %s {{files.x}}",
        "x=$$'a\\'b # it's {{files.x}}\nprintf %s {{files.x}}",
        "echo a#'b' >&2; printf %s {{files.x}}",
        "printf %s ${unset:-$(printf %s {{files.x}})} | cat; false || printf ''",
    ],
)
def test_a_hostile_value_is_data_in_every_place(template):
    built = values(files={"x": HOSTILE})
    out = run(render_command(template, built))
    if "unset" not in template:  # there bash splits the unquoted expansion's words
        assert out == HOSTILE
    else:
        assert out == HOSTILE.replace(" ", "")


@pytest.mark.parametrize("quote", ["EOF", "'EOF'"])
def test_a_hostile_value_is_data_in_a_here_document(quote):
    built = values(files={"x": HOSTILE})
    template = f"cat <<{quote}\n{{{{files.x}}}} it's\nEOF\nprintf %s {{{{files.x}}}}"
    assert run(render_command(template, built)) == f"{HOSTILE} it's\n{HOSTILE}"


@pytest.mark.parametrize(
    "template",
    [
        "echo `cat {{files.x}}`",
        'echo "`cat {{files.x}}`"',
        "echo ${y:-{{files.x}}}",
        'echo "${y:-{{files.x}}}"',
        "echo $(( {{files.x}} + 1 ))",
        "echo \\{{files.x}}",
        'echo "\\{{files.x}}"',
        "echo ${{files.x}}",
        "cat <<EOF\n$(cat {{files.x}})\nEOF",
        "cat <<EOF\n`cat {{files.x}}`\nEOF",
        'echo "{{files.x}}',
    ],
)
def test_where_a_value_cannot_be_quoted_only_plain_ones_are_let_in(template):
    render_command(template, values(files={"x": "12"}))
    for hostile in ("'; id; '", "a[$(id)]", "x\nEOF\nid"):
        with pytest.raises(InvalidInputError):
            render_command(template, values(files={"x": hostile}))


def test_a_value_cannot_end_a_here_document():
    with pytest.raises(InvalidInputError, match="here-document"):
        render_command("cat <<EOF\n{{files.x}}\nEOF", values(files={"x": "EOF"}))


@settings(max_examples=30, deadline=None)
@given(
    text=st.text(
        st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]),
        min_size=1,
    ),
    place=st.sampled_from(["@", '"@"', "'@'", '"$(printf %s @; echo .)"x', "pre@post", "@@"]),
)
def test_any_text_comes_back_from_bash_unchanged(text, place):
    template = "printf %s " + place.replace("@", "{{files.x}}")
    done = subprocess.run(
        ["bash", "-c", render_command(template, values(files={"x": text}))],
        check=False,
        capture_output=True,
        timeout=20,
    )
    words = place.replace('"$(printf %s @; echo .)"x', "@.x").strip("\"'")
    assert done.stdout == words.replace("@", text).encode()


def test_nul_is_refused():
    with pytest.raises(InvalidInputError, match="NUL"):
        render_command("echo {{files.x}}", values(files={"x": "a\0<a:62>"}))


def test_text_is_not_quoted():
    built = values(custom_properties={"version": "2.5.0 beta"})
    assert render_text("{{values.custom_properties.version}}", built) == "2.5.0 beta"


def test_test_commands_know_braces_too():
    built = values(params={"k": "31"})
    template = "test -s {output_dir}/{genome}.k{k} {{genome}} ${genome} {other} $(echo {k,k})"
    assert render_test_command(template, built) == (
        f"test -s '/data/out put'/{DIGEST}.k31 lambda ${{genome}} {{other}} $(echo {{k,k}})"
    )


@pytest.mark.parametrize(
    ("command", "programs"),
    [
        ("bwa index -p x y", ["bwa"]),
        ("A=1 samtools faidx x && cut -f1 x > y 2>&1 | sort", ["samtools", "cut", "sort"]),
        ("tr ';' x; echo \"a | b\"; cd x", ["tr"]),
        ("if ! [ -e x ]; then gunzip -c y; fi", ["gunzip"]),
        ("salmon --version 2>&1 || true", ["true"][:0]),
        ("for f in a b; do mv $f $f.x; done", ["mv"]),
        ("x=$(grep -c a b)\nfoo() { bar; }\nfoo", ["grep", "bar"]),
        ("cat <<EOF\nnot a program\nEOF", ["cat"]),
        ("a=(x y); case $1 in p) q;; esac", []),
        ("/opt/x/bin/tool --a \\\n  --b", ["/opt/x/bin/tool"]),
        ("[[ a && b ]] && wc -l <(zcat x)", ["wc", "zcat"]),
        ("# note: this\ngzip x", ["gzip"]),
    ],
)
def test_programs_of_commands(command, programs):
    assert programs_of([command]) == programs
