"""Settings survive being written and read back."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.inspect import FloatType, IntType, LiteralType, Metadata, StrType, Type, VarTupleType, type_info

from flow2api.config import KEYS, Config, load_config, render


def values(info: Type) -> st.SearchStrategy[Any]:
    match info:
        case Metadata():
            return values(info.type)
        case IntType():
            return st.integers(info.ge, info.le)
        case FloatType():
            return st.floats(info.ge, info.le)
        case LiteralType():
            return st.sampled_from(info.values)
        case VarTupleType():
            return st.lists(values(info.item_type), max_size=3).map(tuple)
        case StrType(pattern=str(pattern)):
            return st.from_regex(pattern).filter(lambda text: not text.endswith("\n"))
        case StrType():
            return st.text(min_size=info.min_length or 0)
    raise AssertionError(info)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    tree: dict[str, dict[str, object]] = {}
    for key in draw(st.lists(st.sampled_from(list(KEYS.values())), unique=True, max_size=8)):
        tree.setdefault(key.section, {})[key.field] = draw(values(type_info(key.type)))
    return msgspec.convert(tree, Config)


@given(configs())
def test_what_is_dumped_and_loaded_is_equal(config: Config) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "setting.toml"
        path.write_text(render(config), encoding="utf-8")
        resolved = load_config(path, {}, {})
    assert resolved.config == config


@given(configs())
def test_what_stands_in_the_environment_is_the_same_as_in_a_file(config: Config) -> None:
    environ = {
        key.env: msgspec.json.encode(value).decode() if key.is_list else str(value)
        for key in KEYS.values()
        if (value := getattr(getattr(config, key.section), key.field)) != key.default
    }
    assert load_config(None, environ, {}).config == config
