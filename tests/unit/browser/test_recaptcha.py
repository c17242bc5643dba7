"""What is put into a script stays a value."""

import json

import pytest

from flow2api.browser.recaptcha import ready_script, token_script


@pytest.mark.parametrize("value", ["plain", '"); alert(1); ("', "\\", "\u2028</script>", "${x}", "'"])
def test_a_value_cannot_become_code(value: str) -> None:
    for script in (ready_script(value, value), token_script(value, value)):
        arguments = script[script.rindex("})(") + 3 : -1]
        assert value in json.loads(f"[{arguments}]")
