"""Structural similarity by scikit-image, if it is installed (the extra "compare")."""

from dicomtx.engine.pixels.values import Values


def structural_similarity(a: Values, b: Values, peak: int) -> float | None:
    """Returns SSIM, or None for tiny frames and if all values are the same.

    Raises:
        ImportError: scikit-image is not installed.
    """
    from skimage.metrics import structural_similarity as ssim

    window = min(7, a.shape[0], a.shape[1])
    window -= window % 2 == 0
    if window < 3 or not peak:
        return None
    channels = 2 if a.ndim == 3 else None
    return float(ssim(a, b, win_size=window, data_range=float(peak), channel_axis=channels))
