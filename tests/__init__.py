"""Stories of what NetworkLab promises; tests/house is what they are told with."""

import pytest

# Before any of its modules is imported, so that an assertion that fails in one of them says what it saw too.
pytest.register_assert_rewrite("tests.house")
