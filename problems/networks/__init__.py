"""Small networks and the data they are trained on."""
