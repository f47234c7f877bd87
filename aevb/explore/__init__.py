"""What can be asked of a trained model.

    codes     z encoded, decoded, placed in its prior, walked between; what they are worth in nats
    clusters  a latent choice against classes
    rows      a VRNN's images row by row
    maps      the plane: t-SNE, UMAP, PCA
    measures  what never changes for a checkpoint, measured once and recorded with it
    likeness  whether an image is like any digit, and how often that is wrong
    drawings  of what is no digit, with the pad's pen
    ink       what the pad makes of strokes
    record    how it was trained, as its training.json tells
    packing   its weights as the browser reads them

>>> from aevb.explore import codes
>>> codes.decode(model, z)
"""
