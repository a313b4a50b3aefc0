"""Configuration of the documentation site; ``make docs`` builds it."""

import sys
from pathlib import Path

import sktopo

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "sktopo"
author = "The sktopo developers"
copyright = author
release = version = sktopo.__version__

extensions = [
    "descriptions",
    "drawn",
    "matplotlib.sphinxext.plot_directive",
    "mathml",
    "myst_parser",
    "numpydoc",
    "pages",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples", "*.md", "**/*.md"]
templates_path = ["_templates"]
default_role = "literal"  # as in docstrings of scikit-learn
nitpicky = True
suppress_warnings = ["myst.header"]  # what is included starts below a title

html_theme = "pydata_sphinx_theme"
html_title = "sktopo"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["sktopo.css"]
html_context = {"default_mode": "auto"}
html_favicon = "_static/favicon.svg"
html_copy_source = False
html_show_sourcelink = False
ALONE = (
    "index install quickstart studies grounded comparing glossary limits contributing"
)
html_sidebars = {page: [] for page in [*ALONE.split(), "changelog", "citing"]}
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "navbar_persistent": ["search-button"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
}

# Prompts and output are not copied.
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

toc_object_entries_show_parents = "hide"

autosummary_generate = True
numpydoc_class_members_toctree = False
autodoc_typehints = "none"  # docstrings say types, and shapes too
numpydoc_show_class_members = False  # the template of a class lists them

plot_formats = [("png", 160)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = False
plot_rcparams = {"font.size": 10, "savefig.bbox": "tight"}
plot_apply_rcparams = True

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "plot_gallery": "True",
    "backreferences_dir": "api/generated/examples",
    "doc_module": ("sktopo",),
    "reference_url": {"sktopo": None},
    "write_computation_times": False,
    "capture_repr": (),  # prints and figures, no addresses of objects
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "image_srcset": ["2x"],
}
