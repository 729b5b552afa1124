"""What is measured of guidance and of the tutorial's facts, with exact and with learned scores."""
