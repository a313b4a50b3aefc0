"""The methods paragraph of a report, and its citations as BibTeX."""

from __future__ import annotations

import re

import sktopo
from sktopo.reporting._analysis import N_STARTS

# Keys of BibTeX, how the text cites them, and the entries.
_PAPERS = {
    "functional": (
        "songdechakraiwut2025functional",
        "Songdechakraiwut & Wu 2025",
        """@inproceedings{songdechakraiwut2025functional,
  title     = {Functional connectomes of neural networks},
  author    = {Songdechakraiwut, Tananun and Wu, Yutong},
  booktitle = {Proceedings of the AAAI Conference on Artificial Intelligence},
  year      = {2025},
  url       = {https://arxiv.org/abs/2412.15279}
}""",
    ),
    "clusters": (
        "songdechakraiwut2022fast",
        "Songdechakraiwut et al. 2022",
        """@inproceedings{songdechakraiwut2022fast,
  title     = {Fast topological clustering with {Wasserstein} distance},
  author    = {Songdechakraiwut, Tananun and Krause, Bryan M. and Banks, Matthew I.
               and Nourski, Kirill V. and Van Veen, Barry D.},
  booktitle = {International Conference on Learning Representations},
  year      = {2022},
  url       = {https://arxiv.org/abs/2112.00101}
}""",
    ),
    "sizes": (
        "songdechakraiwut2023wasserstein",
        "Songdechakraiwut et al. 2023",
        """@inproceedings{songdechakraiwut2023wasserstein,
  title     = {{Wasserstein} distance-preserving vector space of persistent homology},
  author    = {Songdechakraiwut, Tananun and Krause, Bryan M. and Banks, Matthew I.
               and Nourski, Kirill V. and Van Veen, Barry D.},
  booktitle = {Medical Image Computing and Computer Assisted Intervention},
  year      = {2023},
  url       = {https://arxiv.org/abs/2202.01275}
}""",
    ),
    "ratio": (
        "songdechakraiwut2023topological",
        "Songdechakraiwut & Chung 2023",
        """@article{songdechakraiwut2023topological,
  title   = {Topological learning for brain networks},
  author  = {Songdechakraiwut, Tananun and Chung, Moo K.},
  journal = {Annals of Applied Statistics},
  volume  = {17},
  year    = {2023},
  url     = {https://arxiv.org/abs/2012.00675}
}""",
    ),
    "permanova": (
        "anderson2001new",
        "Anderson 2001",
        """@article{anderson2001new,
  title   = {A new method for non-parametric multivariate analysis of variance},
  author  = {Anderson, Marti J.},
  journal = {Austral Ecology},
  volume  = {26},
  year    = {2001}
}""",
    ),
    "familywise": (
        "westfall1993resampling",
        "Westfall & Young 1993",
        """@book{westfall1993resampling,
  title     = {Resampling-based multiple testing},
  author    = {Westfall, Peter H. and Young, S. Stanley},
  publisher = {Wiley},
  year      = {1993}
}""",
    ),
    "residuals": (
        "freedman1983nonstochastic",
        "Freedman & Lane 1983",
        """@article{freedman1983nonstochastic,
  title   = {A nonstochastic interpretation of reported significance levels},
  author  = {Freedman, David and Lane, David},
  journal = {Journal of Business \\& Economic Statistics},
  volume  = {1},
  year    = {1983}
}""",
    ),
    "discoveries": (
        "benjamini1995controlling",
        "Benjamini & Hochberg 1995",
        """@article{benjamini1995controlling,
  title   = {Controlling the false discovery rate: a practical and powerful approach
             to multiple testing},
  author  = {Benjamini, Yoav and Hochberg, Yosef},
  journal = {Journal of the Royal Statistical Society: Series B},
  volume  = {57},
  year    = {1995}
}""",
    ),
    "software": (
        "sktopo",
        "sktopo",
        """@software{sktopo,
  title   = {sktopo: topological analysis of the functional connectomes of neural
             networks},
  author  = {{The sktopo developers}},
  version = {VERSION},
  license = {BSD-3-Clause}
}""",
    ),
}


def write_methods(study, findings, options):
    """Write the methods paragraph of what was run, and its citations in BibTeX."""
    sentences = [
        *study.steps,
        *_describe_tests(study, findings, options),
        *_describe_clusters(study, findings),
        f"All was computed with sktopo {sktopo.__version__} [software], "
        f"seed {options.seed}",
    ]
    text = " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)
    cited = list(dict.fromkeys(re.findall(r"\[([a-z]+)\]", text)))
    for key in cited:
        text = text.replace(f"[{key}]", f"({_PAPERS[key][1]})")
    text = text.replace(" (sktopo)", "")
    entries = [_PAPERS[key][2].replace("VERSION", sktopo.__version__) for key in cited]
    return text, "\n\n".join(entries) + "\n"


def _describe_tests(study, findings, options):
    """Describe the tests that were run."""
    if findings.permanova is None:
        return []
    result, design = findings.permanova, study.design
    n = len(result.null_distribution)
    how = (
        f"all {n:,} distinct relabellings"
        if result.exact
        else (f"{n:,} random relabellings")
    )
    among = {
        "samples": f"of all {study.noun}s",
        "within groups": "within sample groups",
        "whole groups": "of whole sample groups, at the barycenters of their samples",
    }[result.scheme]
    beside = ""
    if design.covariates is not None:
        beside = (
            f", accounting for {design.about_covariates} by shuffling residuals of a "
            "linear model [residuals]"
        )
    sentences = [
        f"Classes were compared by PERMANOVA [permanova] and by the ratio of the mean "
        f"distance between classes to that within [ratio], with {how} {among}{beside}"
    ]
    if findings.differences is not None:
        sentences.append(_describe_table(study, findings, options))
    if findings.pairs is not None:
        sentences.append(
            f"The {len(findings.pairs)} pairs of classes were compared by the same "
            "ratio, and their p-values were adjusted to control the rate of false "
            "discoveries [discoveries]"
        )
    return sentences


def _describe_table(study, findings, options):
    """Describe how the table of differences was computed."""
    table = findings.differences
    blocks = list(dict.fromkeys(table["block"]))
    where = "of the whole graph"
    if len(blocks) > 1:
        where = "of the whole graph, and within and between groups of nodes"
    profiles = ", ".join(dict.fromkeys(table["profile"]))
    text = (
        f"The profiles {profiles} {where} were compared by PERMANOVA with up to "
        f"{options.n_permutations:,} relabellings, and the p-values of the "
        f"{len(table)} comparisons were corrected by the single-step method "
        "[familywise]; accuracies are those of the nearest barycenter in "
        f"{study.design.n_folds}-fold cross-validation"
    )
    if "adjusted_pvalue_given_level" in table:
        text += (
            f"; the same was done given the mean weight of each {study.noun}, by "
            "shuffling residuals [residuals]"
        )
    return text


def _describe_clusters(study, findings):
    """Describe the clusters that were computed."""
    if findings.clusters is None:
        return []
    text = (
        f"the {study.noun}s were clustered by k-means in the Wasserstein space "
        f"[clusters], the best of {N_STARTS} starts"
    )
    if findings.labels is not None:
        return [f"{text}, with the number of clusters of the largest mean silhouette"]
    others = findings.clusters["clusters by"].tolist()[1:]
    if others:
        listed = ", ".join(name.removeprefix("control: ") for name in others)
        text += f", and for comparison by: {listed}"
    return [
        f"{text}; clusters were compared with the classes by their adjusted Rand index"
    ]
