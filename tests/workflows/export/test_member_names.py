"""Names in archives and on media; Orthanc's by the number of the rule that they follow."""

import pytest

from dicomtx.errors import DestinationError
from dicomtx.workflows.export.member_names import (
    Naming,
    Orthanc,
    Orthanc113,
    OrthancMedia,
    Place,
    StandardMedia,
    Template,
    alphanumeric,
)

CT = Place(
    patient_id="P1",
    patient_name="Doe^Jane",
    accession_number="A7",
    study_description="Thorax, low dose",
    study_uid="1.2",
    modality="ct",
    series_number="3",
    series_description="lung  (B60)",
    series_uid="1.2.3",
    instance_number="12",
)


def named(naming: Naming, *places: Place) -> list[str]:
    return [naming.name(place) for place in places]


def test_rule_29_folders_of_patient_study_and_series() -> None:
    assert named(Orthanc(), CT) == ["P1 Doe Jane/A7 Thorax low dose/ct lung B60/CT000000.dcm"]


@pytest.mark.parametrize("name", ["", "^", "^^^^", " ^ "])
def test_rule_29_what_is_empty_is_unknown(name: str) -> None:
    empty = Place(patient_name=name)
    assert named(Orthanc(), empty)[0].count("Unknown ") == 3


@pytest.mark.parametrize(
    ("modality", "file"), [("", "00000000.dcm"), ("x", "X0000000.dcm"), ("mr", "MR000000.dcm")]
)
def test_rule_30_files_by_modality(modality: str, file: str) -> None:
    assert named(Orthanc(), CT._replace(modality=modality))[0].endswith(f"/{file}")


def test_rule_30_counters_restart_in_each_series() -> None:
    other = CT._replace(series_uid="1.2.4", series_description="bone")
    assert [n[-12:] for n in named(Orthanc(), CT, CT, other)] == [
        "CT000000.dcm",
        "CT000001.dcm",
        "CT000000.dcm",
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Müller^Jürgen", "Mller Jrgen"),
        ("Yamada^Tarou=山田^太郎", "Yamada Tarou"),
        ("a.b_c-d/e\\f", "a.b_cdef"),
        ("  many \t spaces  ", "many spaces"),
        ("../../etc/passwd", "....etcpasswd"),
    ],
)
def test_rule_31_letters_digits_dots_underscores_and_single_spaces(text: str, name: str) -> None:
    assert alphanumeric(text) == name


def test_rule_31_names_that_are_there_already_get_a_number() -> None:
    others = [
        CT._replace(patient_id="P1 ", study_uid=uid, series_uid=uid) for uid in ("1.8", "1.9")
    ]
    names = named(Orthanc(), CT, *others)
    assert [name.split("/")[0] for name in names] == ["P1 Doe Jane", *["P1 Doe Jane-2"] * 2]
    assert names[1].split("/")[1] == "A7 Thorax low dose"
    assert names[2].split("/")[1] == "A7 Thorax low dose-2"


def test_a_name_that_ends_like_a_number_is_not_taken_for_one() -> None:
    places = [CT._replace(patient_id=i, patient_name=n) for i, n in (("a", ""), ("b", ""))]
    same = [place._replace(accession_number="") for place in places]
    assert len(set(named(Orthanc(), *same))) == 2


def test_1_13_joins_what_is_there_and_numbers_by_instance() -> None:
    names = named(Orthanc113(), CT, CT, CT._replace(accession_number="", study_uid="1.9"))
    assert names[0] == "P1 - Doe Jane/A7 - Thorax low dose/3 - ct - lung B60/CT000012.dcm"
    assert names[1].endswith("/CT000012-2.dcm")
    assert names[2].split("/")[1] == "Thorax low dose"


def test_rule_33_media_have_a_global_counter() -> None:
    assert named(OrthancMedia(), CT, Place()) == ["IMAGES/IM0", "IMAGES/IM1"]
    assert named(OrthancMedia(7), CT) == ["IMAGES/IM7"]


def test_standard_file_ids_have_8_characters_in_a_tree() -> None:
    series = CT._replace(series_uid="1.2.4")
    study = CT._replace(study_uid="1.9")
    patient = CT._replace(patient_id="P2")
    report = CT._replace(prefix="SR")
    protocol = Place(prefix="HG", single=True)
    assert named(StandardMedia(), CT, CT, report, series, study, protocol, patient, protocol) == [
        "PT000000/ST000000/SE000000/IM000000",
        "PT000000/ST000000/SE000000/IM000001",
        "PT000000/ST000000/SE000000/SR000000",
        "PT000000/ST000000/SE000001/IM000000",
        "PT000000/ST000001/SE000000/IM000000",
        "HG000000",
        "PT000001/ST000000/SE000000/IM000000",
        "HG000001",
    ]


def test_a_file_id_has_no_more_than_8_characters() -> None:
    assert named(OrthancMedia(999_999), CT) == ["IMAGES/IM999999"]
    with pytest.raises(DestinationError):
        OrthancMedia(1_000_000).name(CT)


@pytest.mark.parametrize(
    ("laid_out", "second"),
    [("a/b.dcm", "a/b-2.dcm"), ("a/b", "a/b-2"), ("a.b/c", "a.b/c-2"), ("x.y.dcm", "x.y-2.dcm")],
)
def test_names_of_a_template_that_some_file_system_takes_for_one(
    laid_out: str, second: str
) -> None:
    place = Place(laid_out=laid_out)
    assert named(Template(), place, place) == [laid_out, second]
    upper = named(Template(), place, Place(laid_out=laid_out.upper()))
    assert upper[1].casefold() == second


@pytest.mark.parametrize("naming", [Orthanc, Orthanc113])
@pytest.mark.parametrize("name", [".", "..", ". .", "...", "^.^.^"])
def test_folders_are_never_called_as_the_one_above(naming: type[Orthanc], name: str) -> None:
    place = Place(patient_name=name, study_description=name, series_description=name)
    folders = named(naming(), place)[0].split("/")[:-1]
    assert folders == ["Unknown Patient", "Unknown Study", "Unknown Series"]


@pytest.mark.parametrize("naming", [Orthanc, Orthanc113])
@pytest.mark.parametrize("other", ["DOE^JANE", "Doe^Jane."])
def test_folders_that_some_file_system_takes_for_one_get_numbers(
    naming: type[Orthanc], other: str
) -> None:
    twin = CT._replace(patient_name=other, patient_id="p1")
    folders = [name.split("/")[0] for name in named(naming(), CT, twin)]
    assert [folder.endswith("-2") for folder in folders] == [False, True]


@pytest.mark.parametrize("naming", [Orthanc, Orthanc113])
def test_a_long_name_is_cut_to_what_file_systems_take(naming: type[Orthanc]) -> None:
    folders = named(naming(), CT._replace(patient_name="\u00e4" * 5000 + "a" * 5000))[0].split("/")
    assert max(len(folder.encode()) for folder in folders) <= 255


def test_no_two_files_of_a_series_have_one_name() -> None:
    places = [CT._replace(instance_number=n) for n in ("", "0", "1", "1", "x", "1-2", "4" * 5000)]
    assert len(set(named(Orthanc113(), *places))) == len(places)
    laid = [Place(laid_out=n) for n in ("a.dcm", "a.dcm", "a-2.dcm", "A.DCM", "MANIFEST.json")]
    given = named(Template(), *laid)
    assert len({name.casefold() for name in (*given, "MANIFEST.json")}) == len(laid) + 1
