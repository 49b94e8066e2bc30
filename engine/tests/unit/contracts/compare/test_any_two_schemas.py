"""What is called compatible refuses nothing: any two small schemas, any values."""

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from fanout.contracts.compare import schemas
from fanout.contracts.compare.gaps import PUBLISHERS, READERS, Direction, Gap, gaps, is_new
from fanout.contracts.compare.samples import samples

KEYS = ("a", "b", "c1")
NUMBERS = st.sampled_from((-1, 0, 1, 2, 3, 0.5, 1.5))
SIZES = st.integers(0, 3)
SCALARS = st.sampled_from((None, True, False, 0, 1, 1.0, 2, 3, -1, 0.5, 1.5, "", "a", "b", "ab", "1", "aab", "a-b"))
PATTERNS = st.sampled_from(("^a", "b$", "^[ab]*$", "^[ab]{1,2}$", "1", "^$", "."))
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def values() -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from((*KEYS, "x")), inner, max_size=4),
        max_leaves=5,
    )


def _with(keywords: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


def some_schemas() -> st.SearchStrategy[Any]:
    scalar = _with(
        {
            "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
            "minimum": NUMBERS, "maximum": NUMBERS, "exclusiveMinimum": NUMBERS, "exclusiveMaximum": NUMBERS,
            "multipleOf": st.sampled_from((1, 2, 0.5)), "minLength": SIZES, "maxLength": SIZES, "pattern": PATTERNS,
        }
    )  # fmt: skip
    named = st.lists(SCALARS, min_size=1, max_size=3).map(lambda found: {"enum": found}) | SCALARS.map(
        lambda one: {"const": one}
    )
    return st.recursive(scalar | named | st.booleans(), _composed, max_leaves=6).filter(_is_usable)


def _is_usable(schema: Any) -> bool:
    """Of some that nothing can keep no code is made; `contract check` refuses them."""
    try:
        schemas.accepts(schema, None)
    except ValueError:
        return False
    return True


def _composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arrays = _with({"items": inner, "minItems": SIZES, "maxItems": SIZES, "uniqueItems": st.booleans()})
    objects = _with(
        {
            "type": st.just("object"),
            "properties": st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
            "required": st.lists(st.sampled_from(KEYS), max_size=2, unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(st.sampled_from(("^a", "1$")), inner, max_size=1),
            "minProperties": SIZES, "maxProperties": SIZES, "propertyNames": st.just({"pattern": "^[ab]"}),
        }
    )  # fmt: skip
    branches = st.sampled_from(("allOf", "anyOf", "oneOf")).flatmap(
        lambda key: st.tuples(st.lists(inner, min_size=1, max_size=2), objects).map(lambda two: {**two[1], key: two[0]})
    )
    return arrays | objects | branches | inner.map(lambda one: {"not": one})


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Any two; or a schema and what one keyword of it became, where most changes are compatible or nearly so."""
    one, other = draw(some_schemas()), draw(some_schemas())
    if isinstance(one, dict) and isinstance(other, dict) and draw(st.booleans()):
        kept = draw(st.sets(st.sampled_from(sorted(one)))) if one else set()
        other = {**{key: each for key, each in one.items() if key in kept}, **(other if draw(st.booleans()) else {})}
        one, other = (one, other) if draw(st.booleans()) else (other, one)
    return one, other


def compared(allowing: Any, refusing: Any, direction: Direction) -> tuple[Any, Any, list[Gap]]:
    one, other = (schemas.plain(each) if isinstance(each, dict) else each for each in (allowing, refusing))
    return one, other, gaps(one, other, direction)


def says_something_new(schema: Any, value: Any) -> bool:
    """Whether a value has what its schema does not describe: by convention nobody has published that."""
    if isinstance(value, list):
        return any(says_something_new(_items(schema), each) for each in value)
    if not isinstance(value, dict):
        return False
    members = [
        each
        for key in ("allOf", "anyOf", "oneOf")
        for each in (schema.get(key, ()) if isinstance(schema, dict) else ())
    ]
    here = [each for each in (schema, *members) if isinstance(each, dict)]
    return any(
        is_new(name, each) or says_something_new(schemas.of_key(each, name), inner)
        for each in here
        for name, inner in value.items()
    )


def _items(schema: Any) -> Any:
    return schemas.as_schema(schema.get("items", True)) if isinstance(schema, dict) else schema


@given(pairs(), st.lists(values(), max_size=20))
def test_what_breaks_no_reader_is_accepted_by_each(two: tuple[Any, Any], some: list[Any]) -> None:
    new, old = two
    one, other, found = compared(new, old, READERS)
    assume(not found)
    for value in [*some, *samples(one, [other])]:
        if schemas.accepts(new, value):
            assert schemas.accepts(old, value), value


@given(pairs(), st.lists(values(), max_size=20))
def test_what_breaks_no_publisher_is_accepted_still(two: tuple[Any, Any], some: list[Any]) -> None:
    old, new = two
    one, other, found = compared(old, new, PUBLISHERS)
    assume(not found)
    for value in [*some, *samples(one, [other])]:
        if schemas.accepts(old, value) and not says_something_new(old, value):
            assert schemas.accepts(new, value), value


@given(some_schemas())
def test_samples_are_of_their_schema(schema: Any) -> None:
    plain = schemas.plain(schema) if isinstance(schema, dict) else schema
    for value in samples(plain):
        assert schemas.accepts(schema, value)
        assert schemas.accepts(plain, value)


@given(some_schemas(), st.lists(values(), max_size=20))
def test_a_schema_is_compared_as_what_it_is(schema: Any, some: list[Any]) -> None:
    plain = schemas.plain(schema) if isinstance(schema, dict) else schema
    assert [schemas.accepts(schema, each) for each in some] == [schemas.accepts(plain, each) for each in some]
    assert gaps(plain, plain, READERS) == []
