"""What all estimators have in common beside what scikit-learn gives them."""

from __future__ import annotations

import sys
from itertools import takewhile
from typing import TYPE_CHECKING

from sklearn import base

from sktopo._utils.callbacks import CallbackSupportMixin, as_fit_task

if TYPE_CHECKING:
    from typing import Any

#: The address of the documentation, such as "https://sktopo.org/stable". The site has
#: none yet, and estimators are displayed without links as long as it is None.
DOCUMENTATION: str | None = None


class BaseEstimator(CallbackSupportMixin, base.BaseEstimator):
    """An estimator with links to its documentation, and with callbacks.

    Its HTML links to its page, if the documentation has an address, by the hooks that
    scikit-learn has for this: it makes a link if the class is in the package that
    `_doc_link_module` names. Classes that users derive have none.

    Methods `fit` and `fit_transform` are tasks for callbacks of scikit-learn 1.9.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        for name in {"fit", "fit_transform"} & set(vars(cls)):
            setattr(cls, name, as_fit_task(vars(cls)[name]))
        super().__init_subclass__(**kwargs)

    @property
    def _doc_link_module(self) -> str:
        has_page = DOCUMENTATION is not None and find_public_name(type(self))
        return "sktopo" if has_page else ""

    @property
    def _doc_link_template(self) -> str:
        return f"{DOCUMENTATION}/api/generated/{{name}}.html"

    def _doc_link_url_param_generator(self) -> dict[str, Any]:
        return {"name": find_public_name(type(self))}


def find_public_name(kind):
    """Return the name of a class in the API reference, None if it is private."""
    parts = kind.__module__.split(".")
    public = ".".join(takewhile(lambda part: not part.startswith("_"), parts))
    for name in (parts[0], public):
        module = sys.modules.get(name)
        if kind.__name__ in getattr(module, "__all__", ()):
            return f"{name}.{kind.__name__}"
    return None
