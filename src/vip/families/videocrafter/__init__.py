"""VideoCrafter2: a U-Net told the frame rate, a forward process of its own, and the way in from a checkpoint.

`unet.py`, `scheduler.py` and `pipeline.py` define diffusers classes and import diffusers with them;
everything else imports these three late.
"""
