"""HTTP: the public listener for browsers and the operations listener for operators."""
