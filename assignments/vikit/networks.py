"""What students need not write: a multilayer perceptron, a masked network, compiling."""

from typing import Any

import keras
import numpy as np

__all__ = ["MADE", "MLP", "compile_with_adam"]


@keras.saving.register_keras_serializable("vikit")
class MLP(keras.layers.Layer):
    """Hidden layers with ReLU and a linear one at the end: `[..., n]` to `[..., size]`.

    Concatenate several inputs before the call: `tf.concat([z, features], axis=-1)`.

    Args:
        size: Size of the output's last axis.
        hidden: Sizes of the hidden layers.
        bias_stddev: Standard deviation of the last layer's initial biases; with 0 they are 0.
    """

    def __init__(self, size, hidden=(), bias_stddev=0.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.size, self.hidden, self.bias_stddev = size, tuple(hidden), bias_stddev
        self.hidden_stack = [keras.layers.Dense(width, activation="relu") for width in self.hidden]
        self.linear = keras.layers.Dense(
            size, bias_initializer=keras.initializers.RandomNormal(stddev=bias_stddev)
        )

    def build(self, input_shape) -> None:
        shape = input_shape
        for layer in (*self.hidden_stack, self.linear):
            layer.build(shape)
            shape = (*shape[:-1], layer.units)

    def call(self, values) -> keras.KerasTensor:
        """Returns real numbers `[..., size]` for `values` of shape `[..., n]`."""
        for layer in self.hidden_stack:
            values = layer(values)
        return self.linear(values)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "size": self.size,
            "hidden": self.hidden,
            "bias_stddev": self.bias_stddev,
        }


@keras.saving.register_keras_serializable("vikit")
class MADE(keras.layers.Layer):
    """A masked autoregressive network: `(z, context)` to two arrays like `z`.

    Their entry k depends on `z[:, :k]` alone.

    All of the context reaches every entry. One hidden layer (Germain and others, "MADE: Masked
    Autoencoder for Distribution Estimation", 2015).

    Args:
        hidden: Size of the hidden layer.
    """

    def __init__(self, hidden=64, **kwargs) -> None:
        super().__init__(**kwargs)
        self.hidden = hidden
        self.from_context = keras.layers.Dense(hidden)

    def build(self, z_shape, context_shape) -> None:
        size = z_shape[-1]
        # A hidden unit of degree d has inputs z_0 to z_(d-1); output k has the hidden units of
        # degrees 0 to k as inputs.
        degrees, entries = np.arange(self.hidden) % size, np.arange(size)
        self.mask_in = (entries[:, np.newaxis] < degrees).astype("float32")
        self.mask_out = np.tile(degrees[:, np.newaxis] <= entries, (1, 2)).astype("float32")
        self.weights_in = self.add_weight(
            shape=(size, self.hidden), initializer="glorot_uniform", name="weights_in"
        )
        self.weights_out = self.add_weight(
            shape=(self.hidden, 2 * size), initializer="glorot_uniform", name="weights_out"
        )
        self.bias = self.add_weight(shape=(2 * size,), initializer="zeros", name="bias")
        self.from_context.build(context_shape)

    def call(self, z, context) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Returns `(m, s)`, each of the shape of `z` `[B, K]`; `context` is of shape `[B, H]`."""
        hidden = keras.ops.relu(
            keras.ops.matmul(z, self.weights_in * self.mask_in) + self.from_context(context)
        )
        outputs = keras.ops.matmul(hidden, self.weights_out * self.mask_out) + self.bias
        return tuple(keras.ops.split(outputs, 2, axis=-1))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"hidden": self.hidden}


def compile_with_adam(model, learning_rate) -> None:
    """Compiles a model whose weights are all made. Adam's variables are made at once.

    Variables that the first step of training makes have TensorFlow trace the step twice, which
    takes seconds.
    """
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer)
