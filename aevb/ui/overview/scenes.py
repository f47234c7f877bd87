"""The scenes of the first page: a door, the one idea, and the five models of the tutorial's Table 1."""

from aevb import tours
from aevb.figures import drawings
from aevb.ui.overview import cells, mathematics
from aevb.ui.overview.models import MODELS as TABLE
from aevb.ui.overview.models import Entry
from aevb.ui.shared import contents
from aevb.ui.shared.mathematics import formula
from aevb.ui.shared.scene import Scene

START = Scene(
    "start",
    "Start here",
    "door",
    "<b>Auto-encoding variational Bayes</b> fits models with latent variables z, such as this one: drag the "
    "mark around the ring, and z goes through ten digits.",
    "After Yang Zhi-Han, <em>Training Latent Variable Models with Auto-encoding Variational Bayes: A "
    "Tutorial</em>. MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, CC BY-SA 3.0.",
    options={
        "steps": contents.RING_STEPS,
        "tours": [
            {"name": one.name, "title": one.title, "about": one.about, "steps": one.steps}
            for one in tours.shipped()
        ],
    },
    contents={"ring": (contents.RING, contents.RINGED)},
    notes=(
        "Leave it turning while the class comes in. Then drag the mark and ask what z is: twenty numbers, "
        "which one number moves, the place on the ring. Nobody told the model what a digit is."
    ),
    mathematics=mathematics.START,
    cell=cells.start,
)

IDEA = Scene(
    "idea",
    "The one idea",
    "idea",
    "<b>AEVB</b> fits latent variable models: it is EM with both of its steps made approximate and taken at "
    "once. Drag the mark, or take the steps.",
    "The evidence is an integral over z (equation 1), and the sum of ELBO and gap (equation 2). E-step and "
    "M-step are exact here; AEVB follows the gradient (equations 3 and 4).",
    notes=(
        "Read the equation over the bars aloud: evidence is ELBO plus gap, and the gap is never negative. "
        "Take an E-step, then an M-step, and let the class say before each which bar will move; then drag "
        "the mark to where the evidence is high and the gap wide, such as θ = 2, φ = 0.2, a good model with "
        "a poor q: from there an M-step lowers the evidence. Students often think that an E-step improves "
        "the model: it leaves p, and so the evidence, as they are."
    ),
    options={
        "formulas": {
            "evidence": formula(mathematics.EVIDENCE, display=True),
            "elbo": formula(mathematics.ELBO, display=True),
            "gap": formula(mathematics.GAP, display=True),
        }
    },
    mathematics=mathematics.IDEA,
    cell=cells.idea,
)


def _card(entry: Entry) -> dict[str, str | list[str]]:
    title = f"Graphical model: {entry.title}"
    return {
        "page": entry.page,
        "title": entry.title,
        "text": entry.text,
        "section": entry.section,
        "graph": drawings.graphical_model(drawings.GRAPHS[entry.name], title),
        "observed": [formula(variable) for variable in entry.observed],
        "latent": [formula(variable) for variable in entry.latent],
        "density": formula(entry.density, display=True),
    }


MODELS = Scene(
    "models",
    "Five models",
    "models",
    "One trainer fits all five; each opens a page to see it, touch it and take it apart. (Table 1)",
    "Circles are random variables, filled where observed. Solid arrows generate (p, with parameters θ), "
    "dashed arrows infer (q, with parameters φ); the frame stands for N independent examples.",
    notes=(
        "One sentence for each card: what is observed, what is latent, and which arrow is dashed. Ask which "
        "models are told a label and which have to find one. A common slip is to read the dashed arrows as "
        "part of the model: they are q, which only serves to fit it."
    ),
    options={"cards": [_card(entry) for entry in TABLE]},
    cell=cells.models,
)

JENSEN = Scene(
    "jensen",
    "Why a lower bound",
    "jensen",
    "Two ways to the <b>ELBO</b>: by Jensen’s inequality, and as the <b>evidence</b> less a KL. Change q(z): "
    "where is there no <b>gap</b>?",
    "Each value of z is a point of the logarithm’s curve, as large as its q(z). Their centre of mass lies "
    "under the curve: at p(x), at the height of the ELBO. (Section 2)",
    options={"formulas": [formula(one, display=True) for one in mathematics.JENSEN_BOTH]},
    notes=(
        "Start far from the posterior and move one share at a time: the centre of mass slides under the "
        "curve, and its height is the ELBO. Students often take the gap for an error of the estimate; it is"
        " there with exact numbers."
    ),
    mathematics=mathematics.JENSEN,
    cell=cells.jensen,
)

SCENES = (START, IDEA, MODELS, JENSEN)
