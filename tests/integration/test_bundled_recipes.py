"""The bundled recipes with the real programs on the genome of phage lambda."""

from __future__ import annotations

import gzip
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from refgenie.core.names import check_asset_name
from refgenie.core.records import AssetClassRecord
from refgenie.recipes.bundled import INDEX
from refgenie.recipes.collection import load_collection
from refgenie.recipes.local_folder import LocalFolder
from refgenie.recipes.models import AssetClass, Recipe
from refgenie.recipes.seek_keys import resolve_seek_keys
from refgenie.recipes.templates import (
    BuildValues,
    InputAsset,
    programs_of,
    render_command,
    render_test_command,
    render_text,
)

DIGEST = "-vBOKQ41RwW-3QzTvAo0TyCnZu0123Aa"
COLLECTION = load_collection(LocalFolder(INDEX), index_address="bundled")
CLASSES: dict[str, AssetClass] = {model.name: model for model, _ in COLLECTION.asset_classes}
RECIPES: dict[str, Recipe] = {model.name: model for model, _ in COLLECTION.recipes}

GTF = (
    "#!genome-build x\n"
    'chr1\tx\tgene\t11\t20\t.\t+\t.\tgene_id "G1"; gene_name "A B";\n'
    'chr1\tx\texon\t11\t20\t.\t+\t.\tgene_id "G1";\n'
    'chr1\tx\tgene\t5\t9\t.\t-\t.\tgene_id "G2";\n'
)
REFGENE = (
    "585\tNM_1\tchr1\t+\t10\t50\t10\t50\t2\t10,40,\t20,50,\t0\tGA\tcmpl\tcmpl\t0,\n"
    "585\tNM_2\tchr1\t-\t5\t30\t5\t30\t1\t5,\t30,\t0\tGB\tcmpl\tcmpl\t0,\n"
)


@pytest.fixture
def genome_folder(tmp_path: Path, lambda_fasta: Path, require_program) -> Path:
    """A genome folder whose path needs quotes, with a fasta asset of phage lambda."""
    folder = tmp_path / "genome folder"
    asset = folder / "data" / DIGEST / "fasta" / "aa"
    asset.mkdir(parents=True)
    fasta = asset / f"{DIGEST}.fa"
    shutil.copy(lambda_fasta, fasta)
    require_program("samtools")
    subprocess.run(["samtools", "faidx", fasta], check=True)
    fai = Path(f"{fasta}.fai").read_text().splitlines()
    sizes = "".join("\t".join(line.split("\t")[:2]) + "\n" for line in fai)
    (asset / f"{DIGEST}.chrom.sizes").write_text(sizes)
    return folder


def input_asset(genome_folder: Path) -> InputAsset:
    relative = f"data/{DIGEST}/fasta/aa"
    path = genome_folder / relative
    return InputAsset(
        name="default",
        digest="a" * 64,
        path=path,
        seek_path=path / f"{DIGEST}.fa",
        seek_keys_dict={
            "fasta": f"{relative}/{DIGEST}.fa",
            "fai": f"{relative}/{DIGEST}.fa.fai",
            "chrom_sizes": f"{relative}/{DIGEST}.chrom.sizes",
        },
    )


def bash(command: str, folder: Path, *, may_fail: bool = False) -> str:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-e", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=120,
    )
    assert may_fail or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(name: str, genome_folder: Path, tmp_path: Path, require_program, files=None, params=None):
    """Run a recipe as a build does, answer its output folder and its seek keys."""
    recipe = RECIPES[name]
    output, scratch = tmp_path / "out put", tmp_path / "scratch"
    output.mkdir()
    scratch.mkdir()
    given = {key: slot.default for key, slot in recipe.input_params.items()} | (params or {})
    values = BuildValues(
        genome_digest=DIGEST,
        asset_group_name=name,
        asset_name="default",
        genome_alias="lambda",
        output_folder=output,
        genome_folder=genome_folder,
        refget_store_path=genome_folder / ".refget_store",
        params=given,
        files=files or {},
        assets={key: input_asset(genome_folder) for key in recipe.input_assets},
    )
    commands = [render_command(template, values) for template in recipe.command_templates]
    versions = [render_command(text, values) for text in recipe.custom_seek_keys.values()]
    require_program(*programs_of([*versions, *commands]))
    properties = {
        key: bash(command, scratch, may_fail=True).splitlines()[0]
        for key, command in zip(recipe.custom_seek_keys, versions, strict=True)
    }
    named = BuildValues(
        **{field: getattr(values, field) for field in values.__slots__} | {"custom_properties": properties}
    )
    assert recipe.default_asset is not None
    check_asset_name(render_text(recipe.default_asset, named))
    for command in commands:
        bash(command, scratch)
    for command in recipe.test.commands if recipe.test else []:
        bash(render_test_command(command, named), scratch)
    model = CLASSES[recipe.output_asset_class]
    record = AssetClassRecord(
        id=1,
        name=model.name,
        version=model.version,
        description=None,
        serving_modes=("file",),
        seek_keys=model.definition()["seek_keys"],
        definition={},
    )
    keys = resolve_seek_keys(record, output, DIGEST, given, properties)
    return output, {key.name: key.value for key in keys}


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("fasta_index", {}),
        ("bgzip_fasta", {"threads": "2"}),
        ("bwa_index", {}),
        ("bowtie2_index", {"threads": "2"}),
        ("bowtie1_index", {}),
        ("hisat2_index", {}),
        ("star_index", {"options": "--genomeSAsparseD 2"}),
        ("minimap2_index", {"preset": "asm5"}),
        ("minimap2_index", {}),
        ("salmon_index", {"kmer": 21}),
        ("kallisto_index", {}),
    ],
)
def test_index_recipes(name, params, genome_folder, tmp_path, require_program):
    _, keys = build(name, genome_folder, tmp_path, require_program, params=params)
    assert name in keys


def test_the_command_of_2bit(genome_folder):
    # The program is not on Debian.
    values = BuildValues(
        genome_digest=DIGEST,
        asset_group_name="2bit",
        asset_name="default",
        genome_alias="lambda",
        output_folder=Path("/o"),
        genome_folder=genome_folder,
        refget_store_path=genome_folder,
        assets={"fasta": input_asset(genome_folder)},
    )
    command = render_command(RECIPES["2bit"].command_templates[0], values)
    assert shlex.split(command) == [
        "faToTwoBit",
        str(input_asset(genome_folder).seek_path),
        f"/o/{DIGEST}.2bit",
    ]


def test_the_dictionary_holds_no_path(genome_folder, tmp_path, require_program):
    output, _ = build("fasta_index", genome_folder, tmp_path, require_program)
    text = (output / f"{DIGEST}.dict").read_text()
    assert "SN:gi|9626243|ref|NC_001416.1|\tLN:48502" in text
    assert str(tmp_path) not in text


def test_bwa_aligns_with_the_index(genome_folder, tmp_path, require_program):
    output, keys = build("bwa_index", genome_folder, tmp_path, require_program)
    prefix = output / keys["bwa_index"].replace("{genome}", DIGEST)
    sequence = "".join(input_asset(genome_folder).seek_path.read_text().split("\n")[1:])
    query = f">read\n{sequence[1000:1100]}\n"
    aligned = subprocess.run(
        ["bwa", "mem", prefix, "-"], input=query, capture_output=True, text=True, check=True
    ).stdout
    assert aligned.splitlines()[-1].split("\t")[3] == "1001"


@pytest.mark.parametrize("packed", [True, False])
def test_cdna(packed, genome_folder, tmp_path, require_program):
    fasta = tmp_path / "it's $(cdna).fa"
    text = b">t1 a\nACGTACGT\n>t2\nAC\n"
    fasta.write_bytes(gzip.compress(text) if packed else text)
    output, keys = build("cdna", genome_folder, tmp_path, require_program, {"fasta": fasta})
    assert set(keys) == {"fasta", "fai", "chrom_sizes"}
    assert (output / f"{DIGEST}.chrom.sizes").read_text() == "t1\t8\nt2\t2\n"


def test_gencode_gtf(genome_folder, tmp_path, require_program):
    gtf = tmp_path / "x.gtf"
    gtf.write_text(GTF)
    output, _ = build("gencode_gtf", genome_folder, tmp_path, require_program, {"gencode_gtf": gtf})
    assert gzip.decompress((output / f"{DIGEST}.gtf.gz").read_bytes()).decode() == GTF


def test_a_file_that_is_no_gtf_fails(genome_folder, tmp_path, require_program):
    gtf = tmp_path / "x.gtf"
    gtf.write_text("<html></html>\n")
    with pytest.raises(AssertionError, match="no GTF line"):
        build("gencode_gtf", genome_folder, tmp_path, require_program, {"gencode_gtf": gtf})


def test_ensembl_gtf(genome_folder, tmp_path, require_program):
    gtf = tmp_path / "x.gtf.gz"
    gtf.write_bytes(gzip.compress(GTF.encode()))
    output, _ = build("ensembl_gtf", genome_folder, tmp_path, require_program, {"ensembl_gtf": gtf})
    body = (output / f"{DIGEST}_ensembl_gene_body.bed").read_text()
    assert body == "chr1\t4\t9\tG2\t0\t-\nchr1\t10\t20\tG1\t0\t+\n"
    starts = (output / f"{DIGEST}_ensembl_TSS.bed").read_text()
    assert starts == "chr1\t8\t9\tG2\t0\t-\nchr1\t10\t11\tG1\t0\t+\n"


def test_refgene_anno(genome_folder, tmp_path, require_program):
    table = tmp_path / "refGene.txt.gz"
    table.write_bytes(gzip.compress(REFGENE.encode()))
    output, keys = build("refgene_anno", genome_folder, tmp_path, require_program, {"refgene": table})
    assert len(keys) == 5
    text = {
        key: (output / value.replace("{genome}", DIGEST)).read_text()
        for key, value in keys.items()
        if value.endswith(".bed")
    }
    assert text["refgene_tss"] == "chr1\t10\t11\tGA\t0\t+\nchr1\t29\t30\tGB\t0\t-\n"
    assert text["refgene_intron"] == "chr1\t20\t40\tGA\t0\t+\n"
    assert text["refgene_exon"].splitlines() == [
        "chr1\t5\t30\tGB\t0\t-",
        "chr1\t10\t20\tGA\t0\t+",
        "chr1\t40\t50\tGA\t0\t+",
    ]
    assert text["refgene_pre_mrna"] == "chr1\t5\t30\tGB\t0\t-\nchr1\t10\t50\tGA\t0\t+\n"


@pytest.mark.parametrize("name", ["blacklist", "chrom_alias"])
def test_tables_are_taken_over(name, genome_folder, tmp_path, require_program):
    table = tmp_path / "table"
    table.write_text("chr1\t1\t2\n")
    output, keys = build(name, genome_folder, tmp_path, require_program, {name: table})
    written = (output / keys[name].replace("{genome}", DIGEST)).read_bytes()
    assert (gzip.decompress(written) if name == "blacklist" else written) == b"chr1\t1\t2\n"


def test_every_bundled_class_has_a_recipe_and_a_key_of_its_name():
    made = {recipe.output_asset_class for recipe in RECIPES.values()}
    assert set(CLASSES) == made
    assert all(name in model.seek_keys for name, model in CLASSES.items())
    assert all(
        slot.asset_class in CLASSES for recipe in RECIPES.values() for slot in recipe.input_assets.values()
    )


def test_the_index_lists_every_bundled_file():
    listed = {Path(origin) for _, origin in (*COLLECTION.asset_classes, *COLLECTION.recipes)}
    assert listed == set(INDEX.parent.glob("*/*.yaml"))
