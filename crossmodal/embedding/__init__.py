"""Pictures and texts -> vectors in one space; where in a picture a text is seen."""
