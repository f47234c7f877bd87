"""How a checkpoint was trained, on its model's page."""

import streamlit as st

from aevb.checkpoints import CheckpointError
from aevb.figures import record as records
from aevb.figures.record import Record
from aevb.ui import errors, loading


def show(name: str, elbo_caption: str, terms_caption: str) -> None:
    """Both curves over their captions, and the facts; a sentence where there is no sound record."""
    try:
        found = record(name)
    except CheckpointError as error:
        st.warning(errors.sentence(str(error)))
        return
    left, right = st.columns([3, 2], gap="large")
    left.plotly_chart(found.elbo, key="curve", alt="Training and test ELBO per epoch")
    left.caption(elbo_caption)
    right.plotly_chart(found.terms, key="terms", alt="The ELBO's terms per epoch")
    right.caption(terms_caption)
    facts = found.facts | {"Command": f"`{found.facts['Command']}`"}
    st.markdown("\n".join(f"- **{name}** {fact}" for name, fact in facts.items()))


@st.cache_resource(show_spinner=False)
def record(name: str) -> Record:
    """As `aevb.figures.record.record`, by the checkpoint's name."""
    return records.record(loading.checkpoint(name))
